// The programs that run before anything is installed are plain JavaScript.
declare module '*/scripts/packages.mjs';
declare module '*/scripts/setup.mjs';
declare module '*/demo/sender.mjs';
declare module '*/demo/server.mjs';
declare module '*/demo/start.mjs';
declare module '*/report/counts.mjs';
