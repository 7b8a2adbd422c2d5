import { componentTests } from './component.js';
import { hookTests } from './hook.js';
import { isReact } from './mounted.js';

describe('React 19', () => {
  isReact(19);
  componentTests();
  hookTests();
});
