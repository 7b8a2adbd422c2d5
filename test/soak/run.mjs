// npm run test:soak [-- --minutes 60 --seed N]: the programs are TypeScript, read by tsx as they are.
import { register } from 'tsx/esm/api';

register();
await import('./main.ts');
