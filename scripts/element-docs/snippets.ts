import { readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

const examples = fileURLToPath(new URL('../../demo/examples/', import.meta.url));

/** What is shown of each example: the files that a person would write. */
export const EXAMPLES = [
  { name: 'html', title: 'Plain HTML', files: ['index.html', 'main.js', 'vite.config.js'] },
  { name: 'react', title: 'React', files: ['src/App.tsx', 'src/Player.tsx', 'vite.config.js'] },
  { name: 'vue', title: 'Vue', files: ['src/App.vue', 'vite.config.js'] },
  { name: 'svelte', title: 'Svelte', files: ['src/App.svelte', 'vite.config.js'] },
  { name: 'next', title: 'Next.js', files: ['app/page.tsx', 'app/camera.tsx', 'app/camera-token/route.ts'] },
] as const;

export function readExample(name: string, file: string): string {
  return readFileSync(`${examples}${name}/${file}`, 'utf8').trim();
}

/** docs/frameworks.md with each `<!-- example: react/src/App.tsx -->` followed by that file's name, and the file as it is. */
export function frameworksPage(page: string): string {
  return page.replaceAll(
    /(<!-- example: (\w+)\/(\S+) -->\n)[\s\S]*?(<!-- \/example -->)/g,
    (_, start: string, name: string, file: string, end: string) =>
      `${start}\n\`${file}\`:\n\n\`\`\`${extname(file).slice(1)}\n${readExample(name, file)}\n\`\`\`\n\n${end}`,
  );
}
