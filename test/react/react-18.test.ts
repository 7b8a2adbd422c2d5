import { componentTests } from './component.js';
import { hookTests } from './hook.js';
import { isReact } from './mounted.js';

describe('React 18', () => {
  isReact(18);
  componentTests();
  hookTests();
});
