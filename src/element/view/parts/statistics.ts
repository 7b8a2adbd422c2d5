/* Fetched when the statistics are opened. */

export { statisticsWords as words } from './statistics.words.js';
export { statsPanel } from './stats-panel.js';
export { statsPanelStyles as styles } from './stats-panel.styles.js';
