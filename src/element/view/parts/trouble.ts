/* Fetched when the element is started: when there is trouble, the server may be what cannot be reached. */
import { css } from 'lit';
import { lostLineStyles } from './lost-line.styles.js';
import { troublePanelStyles } from './trouble-panel.styles.js';

export { copyText } from '../abilities.js';
export { pictureLine } from './lost-line.js';
export { troubleWords as words } from './trouble.words.js';
export { ladder, troublePanel } from './trouble-panel.js';
export const styles = css`${lostLineStyles}${troublePanelStyles}`;
