/* All that comes onto the picture once there is one, fetched when the element is started or used. */

export { Deeds } from './deeds.js';
export { controlWords as words } from './on-picture.words.js';
export { toolsStyles as styles } from './tools.styles.js';
