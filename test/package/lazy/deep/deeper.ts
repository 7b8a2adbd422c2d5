import { mark as markBody } from '../mark.js';

export const mark = (): void => markBody('deeper');
