/** Lets each button of class `copy` copy the code beside it. */
export function watchCopyButtons() {
  for (const button of document.querySelectorAll('.copy')) {
    button.addEventListener('click', async () => {
      const code = button.parentElement.querySelector('code');
      button.textContent = (await copy(code)) ? 'Copied' : 'Selected';
      setTimeout(() => {
        button.textContent = 'Copy';
      }, 1_500);
    });
  }
}

/** The clipboard is for https and localhost only; elsewhere the text is selected, ready for the keyboard. */
async function copy(code) {
  try {
    await navigator.clipboard.writeText(code.textContent);
    return true;
  } catch {
    getSelection().selectAllChildren(code);
    return false;
  }
}
