// Says "now" as many times a second as it is told; the beat does not drift.
let timer;

self.onmessage = ({ data: fps }) => {
  clearTimeout(timer);
  const period = 1_000 / fps;
  let next = performance.now() + period;
  const tick = () => {
    postMessage(null);
    // After a pause (a sleeping laptop) the missed ticks stay missed.
    next = Math.max(next + period, performance.now());
    timer = setTimeout(tick, next - performance.now());
  };
  timer = setTimeout(tick, period);
};
