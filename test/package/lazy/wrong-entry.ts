void import('./wrong.js');
