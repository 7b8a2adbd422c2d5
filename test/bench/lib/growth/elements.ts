import type { Lab } from '../lab.js';
import { measureWall, setUpWall, WALL } from '../wall.js';
import type { Cost } from './cost.js';

/** What a page takes by the number of elements that play in it. */
export async function measureElements(
  lab: Lab,
  { counts, blocks, seconds, quiet }: { counts: readonly number[]; blocks: number; seconds: number; quiet: boolean },
): Promise<Cost[]> {
  const wall = await setUpWall(lab);
  const [main, renderer, heap]: [Cost, Cost, Cost] = [
    cost('elements-main', 'Main thread of a page', '% of a core'),
    cost('elements-renderer', 'Renderer process of a page, decoding included', '% of a core'),
    cost('elements-heap', 'JavaScript heap of a page', 'MB'),
  ];
  for (let block = 1; block <= blocks; block += 1) {
    for (const x of counts) {
      const step = await measureWall(wall, wall.url(x, 'kind=element'), seconds, quiet);
      const share = Math.min(...step.fps) / WALL.fps;
      main.steps.push({ x, y: step.main, share });
      renderer.steps.push({ x, y: step.renderer, share });
      heap.steps.push({ x, y: step.heapMb, share });
      console.log(
        `block ${block} of ${blocks}, ${x} elements: renderer ${step.renderer.toFixed(0)} %, ${(share * 100).toFixed(0)} % of the frames`,
      );
    }
  }
  await wall.browser.close();
  return [main, renderer, heap];
}

const cost = (name: string, title: string, unit: string): Cost => ({
  name,
  title,
  variable: 'elements',
  unit,
  steps: [],
});
