// npm run bench -- SUITE [options]: the suites are TypeScript, read by tsx as they are.
import { register } from 'tsx/esm/api';

register();
await import('./main.ts');
