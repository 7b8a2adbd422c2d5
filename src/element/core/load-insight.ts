/** Fetches what measures and explains: the first picture needs none of it. */
export const loadInsight = () => import('./insight.js');
