export * from './constants.js';
export * from './data-channel.js';
export * from './errors.js';
export * from './events.js';
export * from './messages.js';
export * from './picture-clock.js';
export * from './sdp.js';
