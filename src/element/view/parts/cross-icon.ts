import { svg } from 'lit';
import { icon } from '../icons.js';

export const crossIcon = icon(svg`<path d="m5 5 6 6m0-6-6 6"/>`);
