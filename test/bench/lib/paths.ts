import { fileURLToPath } from 'node:url';

export const projectFolder = fileURLToPath(new URL('../../../', import.meta.url));
export const benchFolder = fileURLToPath(new URL('../', import.meta.url));
/** Ignored by git. */
export const outputFolder = fileURLToPath(new URL('../../out/bench/', import.meta.url));
