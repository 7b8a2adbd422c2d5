export { classMap } from 'lit/directives/class-map.js';
