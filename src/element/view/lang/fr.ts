import type { Translation } from '../words.js';

/* A space before : ; ! ? and inside « » does not break (U+00A0). */

export const words: Translation = {
  locale: 'fr',
  unknown: '–',

  region: (name) => `Aperçu en direct\u00a0: ${name}`,
  camera: 'Caméra',
  pill: {
    idle: 'Prêt',
    offline: 'Hors ligne',
    connecting: 'Connexion',
    live: 'DIRECT',
    'camera-lost': 'Caméra perdue',
    stalled: 'Figé',
    paused: 'En pause',
    reconnecting: 'Reconnexion',
    failed: 'Pas d’image',
  },
  pillBlack: 'Image noire',
  older: 'image trop ancienne',
  spoken: {
    idle: 'Prêt',
    offline: 'Hors ligne\u00a0: rien n’est diffusé',
    connecting: 'Connexion en cours',
    live: 'En direct',
    'camera-lost': 'La caméra est perdue',
    stalled: 'Figé\u00a0: aucune nouvelle image',
    paused: 'En pause tant que la page est masquée',
    reconnecting: 'Reconnexion en cours',
    failed: 'Pas d’image',
  },

  start: 'Démarrer le flux',
  startShort: 'Démarrer',
  stop: 'Arrêter',
  resolution: 'Résolution',
  frameRate: 'Images par seconde',
  mode: 'Résolution et images par seconde',
  fps: (rate) => `${rate} i/s`,
  pending: (mode) => `En attente de la première image en ${mode}`,
  ice: 'ICE',
  connection: 'Connexion',
  connectionStates: {
    new: 'nouvelle',
    checking: 'recherche',
    connecting: 'en cours',
    connected: 'établie',
    completed: 'terminée',
    disconnected: 'coupée',
    failed: 'échouée',
    closed: 'fermée',
  },
  onlyUpTo: (size, rate) => `La caméra ne fournit ${size} que jusqu’à ${rate}`,
  onlyAt: (size, rates) => `La caméra ne fournit ${size} qu’à ${rates}`,
  more: 'Plus',

  statistics: 'Statistiques',
  snapshot: 'Enregistrer une capture',
  pictureInPicture: 'Image dans l’image',
  fullscreen: 'Plein écran',
  leaveFullscreen: 'Quitter le plein écran',
  mute: 'Couper le son',
  unmute: 'Activer le son',
  soundRefused: 'Le navigateur n’autorise le son qu’après un clic\u00a0: appuyez sur le haut-parleur.',
  record: 'Enregistrer',
  stopRecording: 'Arrêter l’enregistrement',
  noPictureToRecord: 'Il n’y a pas encore d’image à filmer.',
  cannotRecord: 'Ce navigateur ne peut pas enregistrer de vidéo.',
  fill: 'Remplir le cadre',
  mirror: 'Miroir',
  rotate: 'Pivoter',
  wholePicture: 'Afficher l’image entière',
  partMissing: 'Le chargement a échoué. Réessayez quand le réseau sera de retour.',

  shortcuts: 'Touches et gestes',
  close: 'Fermer',
  keys: { space: 'Espace', arrows: 'Flèches', escape: 'Échap' },
  gestures: { wheel: 'Molette', doubleClick: 'Double clic', drag: 'Glisser', pinch: 'Deux doigts' },
  keyActions: {
    startOrStop: 'Démarrer ou arrêter',
    zoomIn: 'Agrandir',
    zoomOut: 'Réduire',
    zoom: 'Agrandir ou réduire',
    enlarge: 'Agrandir, ou afficher l’image entière',
    pan: 'Déplacer l’image agrandie',
    close: 'Fermer ce qui est ouvert',
  },

  nothingStreams: (stream) =>
    stream ? `Rien n’est diffusé sous «\u00a0${stream}\u00a0»` : 'Rien n’est diffusé à cette adresse',
  returnsByItself: 'L’image en direct reviendra d’elle-même.',
  noServer: 'Le serveur est injoignable',
  reachingServer: 'Recherche du serveur',
  startsByItself: 'Vérifiez que l’émetteur tourne et diffuse ici\u00a0: la vidéo démarrera alors d’elle-même.',
  startToWait: 'Appuyez sur Démarrer pour la voir dès que l’émetteur sera là.',
  trying: {
    server: 'Recherche du serveur',
    stream: 'Recherche du flux',
    camera: 'En attente de la caméra',
    offer: 'En attente de la réponse de l’émetteur',
    network: 'Recherche d’un chemin dans le réseau',
    secure: 'Sécurisation de la connexion',
    packets: 'En attente des données de la caméra',
    keyframe: 'En attente d’une image complète',
    decode: 'Décodage de la première image',
    picture: 'Vérification de l’image',
  },
  tryNumber: (attempt) => `essai ${attempt}`,
  waitingForFrame: 'En attente de l’image suivante',
  reconnecting: (attempt, inSeconds) =>
    `Reconnexion${attempt > 0 ? `, essai ${attempt}` : ''}${inSeconds === null ? '' : ` dans ${inSeconds} s`}`,
  lastFrame: (time) => `dernière image ${time}`,

  glassToScreen: 'De l’objectif à l’écran',
  captureToScreen: 'De la capture à l’écran',
  atLeast: '≥',
  atLeastLong: 'Au moins cela\u00a0: une partie du trajet n’a pas été mesurée',
  notMeasured: (legs) => `Non mesuré\u00a0: ${legs}`,
  withinBudget: (budget) => `Limite ${budget}`,
  overBudget: (budget) => `Au-delà de la limite de ${budget}`,
  legs: {
    camera: 'caméra',
    encode: 'codage',
    send: 'envoi',
    network: 'réseau',
    buffer: 'tampon',
    decode: 'décodage',
    display: 'affichage',
  },
  lessOf: (sent, full) => `${sent} sur ${full}`,
  lessDetail: 'Moins de détails',
  linkCarries: (bitrate) =>
    bitrate === undefined ? 'Votre liaison ne permet pas plus' : `Votre liaison permet ${bitrate}`,
  lastMinute: 'Dernière minute',
  graph: (highest, missing) =>
    `Latence de la dernière minute\u00a0: ${highest} ms au plus${missing > 0 ? `, ${missing} s sans image` : ''}`,
  graphEmpty: 'Latence de la dernière minute\u00a0: pas encore connue',
  stats: {
    bitrate: 'Débit',
    shown: 'Affiché',
    size: 'Taille',
    codec: 'Codec',
    rtt: 'RTT',
    loss: 'Pertes',
    jitter: 'Gigue',
    buffer: 'Tampon',
    frames: 'Images',
    dropped: 'Omises',
    keyframes: 'Images clés',
    freezes: 'Blocages',
    path: 'Trajet',
  },
  units: { ms: 'ms', s: 's', min: 'min', h: 'h', fps: 'i/s', percent: '%', kbps: 'kbit/s', mbps: 'Mbit/s' },
  path: { direct: 'direct', relay: 'relais' },

  whyNoPicture: 'Pourquoi n’y a-t-il pas d’image\u00a0?',
  rungs: {
    server: 'serveur',
    stream: 'flux',
    camera: 'caméra',
    offer: 'réponse',
    network: 'réseau',
    secure: 'sécurité',
    packets: 'paquets',
    keyframe: 'clé',
    decode: 'décodage',
    picture: 'image',
  },
  rungStatus: { done: 'fonctionne', active: 'en cours', broken: 'en panne', waiting: 'pas atteint' },
  steps: 'Les étapes jusqu’à l’image',
  noReason: 'Il n’y a pas d’image.',
  retry: 'Réessayer',
  retryIn: (seconds) => `Nouvel essai dans ${seconds} s`,
  copyReport: 'Copier le rapport',
  copied: 'Copié',
  copyFailed: 'Non copié',

  noPictureYet: 'Il n’y a pas encore d’image à enregistrer.',

  errors: {
    bad_request: {
      message: 'Le serveur n’a pas compris le message.',
      next: 'Comparez les champs qu’il nomme avec docs/protocol.md.',
    },
    rate_limited: {
      message: 'Trop de messages en peu de temps.',
      next: 'Attendez un instant, puis réessayez.',
    },
    invalid_sdp: {
      message: 'La description de session (SDP) n’est pas valide.',
      next: 'Envoyez le SDP exactement tel que la bibliothèque WebRTC l’a produit.',
    },
    unsupported_protocol: {
      message: 'Les deux programmes parlent des versions différentes du protocole.',
      next: 'Installez partout la même version de webrtc-preview.',
    },
    unauthorized: {
      message: 'Le serveur n’accepte pas ce jeton.',
      next: 'Demandez un nouveau jeton et réessayez.',
    },
    forbidden: {
      message: 'Cette connexion n’a pas ce droit.',
      next: 'Vérifiez les droits du jeton et l’adresse depuis laquelle il est utilisé.',
    },
    token_missing: {
      message: 'Le serveur demande un jeton, et aucun n’a été donné.',
      next: 'Donnez-en un à l’élément dans «\u00a0token\u00a0», à l’émetteur avec --token-file\u00a0; sur la page de démonstration, il suit #token= dans l’adresse.',
    },
    token_expired: {
      message: 'Le jeton a expiré.',
      next: 'Demandez un nouveau jeton et réessayez.',
    },
    kicked: {
      message: 'Une personne qui gère ce serveur a mis fin à la connexion.',
      next: 'Adressez-vous à la personne qui exploite le serveur, ou réessayez.',
    },
    wrong_state: {
      message: 'La session n’en est pas à l’étape à laquelle ce message appartient.',
      next: 'Recommencez avec une nouvelle session.',
    },
    unknown_session: {
      message: 'Cette session n’existe pas sur cette connexion.',
      next: 'Rejoignez le flux à nouveau.',
    },
    stream_full: {
      message: 'Ce flux a déjà autant de spectateurs que le serveur en permet.',
      next: 'Attendez que quelqu’un parte, ou augmentez l’option «\u00a0maxViewers\u00a0» du serveur.',
    },
    session_timeout: {
      message: 'La connexion n’a pas été établie à temps.',
      next: 'Recommencez\u00a0; si cela se reproduit, vérifiez le réseau entre les deux côtés.',
    },
    too_many_connections: {
      message: 'Il y a trop de connexions depuis cette adresse, ou vers ce serveur.',
      next: 'Fermez-en quelques-unes, ou augmentez les limites du serveur.',
    },
    cluster_unavailable: {
      message: 'Le serveur ne joint pas les serveurs voisins, où se trouve l’autre côté de ce flux.',
      next: 'Rien\u00a0: ce qui tourne continue, et cela reviendra tout seul. L’exploitant du serveur devrait vérifier Redis.',
    },
    not_supported: {
      message: 'Ce serveur ne sait pas faire cela.',
      next: 'Voyez dans docs/http.md ce qu’il sait faire.',
    },
    stream_offline: {
      message: 'Rien n’est diffusé sous ce nom.',
      next: 'Démarrez l’émetteur, et vérifiez qu’il utilise le même nom de flux et le même serveur.',
    },
    too_many_sessions: {
      message: 'Cette connexion a autant de sessions que le serveur en permet.',
      next: 'Fermez-en d’abord quelques-unes.',
    },
    too_many_viewers: {
      message: 'Cette caméra a déjà autant de spectateurs que son émetteur en permet.',
      next: 'Attendez que quelqu’un parte, ou augmentez --max-viewers sur l’émetteur.',
    },
    sender_timeout: {
      message: 'L’émetteur n’a pas répondu à temps.',
      next: 'Vérifiez que l’émetteur fonctionne encore et qu’il n’est pas surchargé.',
    },
    sender_failed: {
      message: 'L’émetteur n’a pas pu établir la connexion.',
      next: 'Cherchez-en la raison dans le journal de l’émetteur.',
    },
    camera_missing: {
      message: 'La caméra n’est pas là.',
      next: 'Branchez-la, et vérifiez le nom de périphérique donné à l’émetteur.',
    },
    camera_busy: {
      message: 'Un autre programme utilise la caméra.',
      next: 'Fermez cet autre programme\u00a0; «\u00a0fuser /dev/video0\u00a0» le nomme.',
    },
    camera_denied: {
      message: 'L’émetteur n’a pas le droit d’ouvrir la caméra.',
      next: 'Ajoutez l’utilisateur de l’émetteur au groupe video, ou autorisez la caméra dans le navigateur.',
    },
    camera_failed: {
      message: 'La caméra ne fournit plus d’images.',
      next: 'Débranchez-la et rebranchez-la\u00a0; cherchez la raison dans le journal de l’émetteur.',
    },
    no_such_mode: {
      message: 'La caméra ne connaît pas cette résolution et cette cadence.',
      next: 'Choisissez un des modes qu’elle propose.',
    },
    no_encoder: {
      message: 'L’émetteur n’a aucun encodeur vidéo qui fonctionne.',
      next: 'Installez gstreamer1.0-plugins-ugly (x264enc), puis redémarrez l’émetteur.',
    },
    codec_mismatch: {
      message: 'Le navigateur et l’émetteur n’ont aucun codec vidéo en commun.',
      next: 'Utilisez un navigateur qui lit H.264 ou VP8.',
    },
    server_unreachable: {
      message: 'Le serveur de signalisation est injoignable.',
      next: 'Vérifiez l’adresse dans src, que le serveur tourne, et que son option «\u00a0origins\u00a0» autorise cette page.',
    },
    wrong_server: {
      message: 'Ce qui répond à cette adresse n’est pas un serveur webrtc-preview.',
      next: 'Vérifiez src, et que le plugin y est enregistré.',
    },
    server_closing: {
      message: 'Le serveur est en train de s’arrêter.',
      next: 'Rien\u00a0: la connexion reviendra d’elle-même.',
    },
    ack_timeout: {
      message: 'Le serveur n’a pas répondu à temps.',
      next: 'Vérifiez le réseau entre cet appareil et le serveur.',
    },
    device_offline: {
      message: 'Cet appareil n’est connecté à aucun réseau.',
      next: 'Vérifiez le Wi-Fi ou le câble\u00a0: l’image revient alors d’elle-même.',
    },
    token_provider_failed: {
      message: 'La page n’a fourni aucun jeton.',
      next: 'Examinez la fonction que la page donne comme jeton, et le serveur qu’elle interroge.',
    },
    turn_missing: {
      message: 'Seul le chemin par un serveur TURN est autorisé, et le serveur n’en indique aucun.',
      next: 'Configurez-en un sur le serveur de signalisation, ou retirez ice-policy=«\u00a0relay\u00a0».',
    },
    turn_refused: {
      message: 'Le serveur TURN ne laisse pas passer ce navigateur, et il n’y a pas d’autre chemin vers la caméra.',
      next: 'Vérifiez le secret ou l’utilisateur TURN du serveur de signalisation, et que les horloges des deux serveurs concordent.',
    },
    ice_failed: {
      message: 'Le réseau entre vous et la caméra est bloqué.',
      next: 'Vérifiez les pare-feu sur le trajet, ou configurez un serveur TURN sur le serveur de signalisation.',
    },
    connection_lost: {
      message: 'La connexion avec la caméra a été rompue.',
      next: 'Vérifiez le réseau entre cet appareil et la caméra.',
    },
    no_media: {
      message: 'Connecté, mais aucune image n’arrive de la caméra.',
      next: 'Consultez le journal de l’émetteur\u00a0: la caméra fournit-elle des images\u00a0?',
    },
    no_keyframe: {
      message: 'Des données arrivent, mais pas l’image clé par laquelle commencer.',
      next: 'Vérifiez l’intervalle des images clés de l’encodeur, et que l’émetteur reçoit les demandes d’image clé.',
    },
    black_picture: {
      message: 'L’image est toute noire.',
      next: 'Vérifiez le cache de l’objectif, la lumière et l’exposition\u00a0: la connexion fonctionne.',
    },
    no_frames: {
      message: 'Des données arrivent, mais il n’en sort aucune image.',
      next: 'Vérifiez que le navigateur sait lire le codec, et que l’émetteur envoie des images clés.',
    },
    playback_blocked: {
      message: 'Le navigateur ne démarre pas la vidéo de lui-même.',
      next: 'Appuyez une fois sur Démarrer.',
    },
    webrtc_unsupported: {
      message: 'Ce navigateur ne connaît pas WebRTC.',
      next: 'Utilisez une version récente de Chrome, Edge, Firefox ou Safari.',
    },
    bad_stream_name: {
      message: 'Le nom du flux n’est pas valide.',
      next: 'Utilisez dans stream des lettres sans accents, des chiffres, «\u00a0-\u00a0» et «\u00a0_\u00a0», 64 au plus.',
    },
    unplayable_source: {
      message: 'Les navigateurs ne lisent pas les adresses qui commencent par rtsp, rtmp ou srt.',
      next: 'Publiez la caméra avec l’émetteur, ou donnez l’adresse WHEP d’un serveur comme MediaMTX ou go2rtc.',
    },
    bad_source: {
      message: 'L’adresse dans src n’est pas valide.',
      next: 'Commencez-la par http:// ou https:// et vérifiez qu’elle mène à un serveur de signalisation ou à un flux WHEP.',
    },
    internal: {
      message: 'Une erreur s’est produite dans le serveur.',
      next: 'Consultez le journal du serveur à l’heure de cette erreur.',
    },
  },
};
