import { readFileSync } from 'node:fs';
import type { Browser, CDPSession, Page } from 'puppeteer-core';
import { startCpuMeter } from './cpu.js';

/** What a page takes of its browser. Shares are of one core, in percent. */
export interface PageCost {
  /** The page's main thread, all its tasks: scripts, style, layout, painting, and the browser's own. */
  main: number;
  /** Of that, JavaScript. */
  script: number;
  /** Of that, style and layout. */
  layout: number;
  /** The renderer process with all its threads: WebRTC, the decoders, the main thread. */
  renderer: number;
  /** The process that puts the picture together. */
  gpu: number;
  /** The browser's own and its services, the network's among them. */
  rest: number;
  /** JavaScript objects that are still in use. */
  heapMb: number;
  /** The renderer's memory, shared pages by their share. */
  pssMb: number;
  listeners: number;
  nodes: number;
}

interface ProcessInfo {
  type: string;
  id: number;
}

/** Measures over `seconds`, in which it leaves the page alone. */
export async function measurePage(browser: Browser, page: Page, seconds: number): Promise<PageCost> {
  const [ofPage, ofBrowser] = await Promise.all([page.createCDPSession(), browser.target().createCDPSession()]);
  try {
    // Processor time of the thread: on a busy machine tasks also wait, which is not their doing.
    await ofPage.send('Performance.enable', { timeDomain: 'threadTicks' });
    const { processInfo } = (await ofBrowser.send('SystemInfo.getProcessInfo')) as { processInfo: ProcessInfo[] };
    const pids = (kind: string) => processInfo.filter(({ type }) => type === kind).map(({ id }) => id);
    const renderers = pids('renderer');
    const meters = (ids: number[]) => ids.map((id) => startCpuMeter(id));
    const [before, begin] = [await metrics(ofPage), performance.now()];
    const everything = startCpuMeter(browser.process()?.pid);
    const [renderer, gpu] = [meters(renderers), meters(pids('GPU'))];
    await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
    const used = { renderer: sum(renderer), gpu: sum(gpu), everything: everything() };
    const after = await metrics(ofPage);
    const elapsed = (performance.now() - begin) / 1_000;
    const share = (...names: string[]) =>
      names.reduce((total, name) => total + ((after.get(name) - before.get(name)) / elapsed) * 100, 0);
    await ofPage.send('HeapProfiler.collectGarbage');
    const kept = await metrics(ofPage);
    return {
      main: share('TaskDuration'),
      script: share('ScriptDuration'),
      layout: share('LayoutDuration', 'RecalcStyleDuration'),
      renderer: used.renderer,
      gpu: used.gpu,
      rest: Math.max(0, used.everything - used.renderer - used.gpu),
      heapMb: kept.get('JSHeapUsedSize') / 2 ** 20,
      pssMb: renderers.reduce((total, pid) => total + pssMb(pid), 0),
      listeners: kept.get('JSEventListeners'),
      nodes: kept.get('Nodes'),
    };
  } finally {
    await Promise.all([ofPage.detach(), ofBrowser.detach()]);
  }
}

async function metrics(session: CDPSession): Promise<{ get(name: string): number }> {
  const { metrics } = await session.send('Performance.getMetrics');
  const byName = new Map(metrics.map(({ name, value }) => [name, value]));
  return { get: (name) => byName.get(name) ?? Number.NaN };
}

/** proc(5): proportional set size; of other users' processes only root may ask. */
function pssMb(pid: number): number {
  return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]) / 1_024;
}

const sum = (meters: readonly (() => number)[]) => meters.reduce((total, meter) => total + meter(), 0);
