/** Fetches what speaks WHEP: most pages never need it. */
export const loadWhep = () => import('./whep.js');
