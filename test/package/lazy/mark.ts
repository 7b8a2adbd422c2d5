export function mark(as: string): void {
  document.body.dataset.mark = as;
}
