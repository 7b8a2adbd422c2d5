import { css } from 'lit';

/** The reason why there is no picture: a sentence first. In small pictures it takes the place of the picture. */
export const troublePanelStyles = css`
  .trouble {
    position: absolute;
    inset: 0;
    display: flex;
    flex-direction: column;
    inline-size: min(38em, 100% - var(--unit) * 6);
    block-size: fit-content;
    max-block-size: calc(100% - var(--unit) * 24);
    margin: auto;
    padding: calc(var(--unit) * 4);
    border-radius: var(--control-radius);
    font-size: clamp(13px, 8.5px + 0.45cqi, 30px);
    background: rgb(12 14 18 / 0.86);
  }

  /* Where there is little room the words scroll; the buttons stay. */
  .trouble .said {
    flex: 0 1 auto;
    min-block-size: 0;
    overflow: auto;
    overscroll-behavior: contain;
    scrollbar-width: thin;
  }

  .trouble .title {
    font-size: 1.15em;
    font-weight: var(--bold);
    line-height: 1.35;
    text-wrap: balance;
  }

  .trouble .said {
    /* Japanese breaks between phrases, where the browser knows them. */
    word-break: auto-phrase;
  }

  .trouble :is(.seen, .next) {
    margin-block-start: var(--unit);
    color: #c9cfd8;
    text-wrap: pretty;
  }

  .trouble .seen {
    color: #a6afbc;
  }

  .rungs {
    position: relative;
    display: grid;
    grid-template-columns: repeat(10, minmax(max-content, 1fr));
    flex: none;
    gap: 0.6em;
    margin-block: 1.2em;
    font-size: 0.77em;
    line-height: 1.4;
    color: #a6afbc;
    list-style: none;
  }

  .rungs li {
    position: relative;
    min-inline-size: 0;
    white-space: nowrap;
  }

  .rungs i {
    display: block;
    block-size: 4px;
    margin-block-end: 0.5em;
    border-radius: 2px;
    background: rgb(255 255 255 / 0.18);
    forced-color-adjust: none;
  }

  .rungs .done i {
    background: var(--good);
  }

  .rungs .active i {
    background: var(--busy);
  }

  .rungs .broken i {
    background: var(--bad);
  }

  .rungs .broken .icon {
    position: absolute;
    inset-block-start: -6px;
    inset-inline-start: calc(50% - 8px);
    border-radius: 50%;
    stroke-width: 2;
    color: #14171c;
    background: var(--bad);
    box-shadow: 0 0 0 2px #14171c;
  }

  .rungs .broken {
    font-weight: var(--bold);
    color: #ff9d9d;
  }

  .ways {
    display: flex;
    flex-wrap: wrap;
    flex: none;
    align-items: center;
    gap: calc(var(--unit) * 2);
  }

  .ways button {
    display: grid;
    place-content: center;
    place-items: center;
    min-block-size: max(var(--size), 2.4em);
    padding-inline: 1.2em;
    border-radius: var(--control-radius);
    transition: background var(--moment);
  }

  .retry {
    font-weight: var(--bold);
    color: #101318;
    background: #fff;
  }

  .retry:hover {
    background: #e2e6ec;
  }

  .report {
    color: #fff;
    background: rgb(255 255 255 / 0.14);
  }

  .report:hover {
    background: rgb(255 255 255 / 0.22);
  }

  /* Keeps the button's width while it says "Copied". */
  .report::after {
    content: attr(data-widest) / '';
    block-size: 0;
    visibility: hidden;
  }

  .report .icon {
    display: none;
  }

  .trouble .code,
  .trouble .soon {
    font-size: 0.85em;
    color: #a6afbc;
  }

  .trouble .code {
    margin-inline-start: auto;
    font-family: ui-monospace, monospace;
  }

  .trouble .soon {
    order: -1;
    inline-size: 100%;
  }

  /* Centred in what the pill leaves. */
  @container picture (height < 420px) {
    .trouble {
      inset-block: calc(var(--unit) * 10) calc(var(--unit) * 2);
      max-block-size: calc(100% - var(--unit) * 12);
    }
  }

  /* Ten names no longer stand side by side: the one that matters has the line for itself. */
  @container webrtc-preview (width < 480px) {
    .rungs {
      grid-template-columns: repeat(10, 1fr);
      padding-block-end: 2.1em;
    }

    .rungs li {
      position: static;
    }

    .rungs i {
      position: relative;
      margin: 0;
    }

    .rungs .name {
      display: none;
    }

    .rungs .broken .name {
      position: absolute;
      inset-block-end: 0;
      inset-inline: 0;
      display: block;
      text-align: center;
    }

    .rungs .broken:nth-child(-n + 4) .name {
      text-align: start;
    }

    .rungs .broken:nth-child(n + 7) .name {
      text-align: end;
    }
  }

  @container picture (height < 300px) {
    .trouble {
      inset-block: calc(var(--unit) * 10) 0;
      inline-size: 100%;
      max-block-size: calc(100% - var(--unit) * 10);
      padding: calc(var(--unit) * 2) calc(var(--unit) * 4) calc(var(--unit) * 3);
      border-radius: 0;
      background: none;
    }

    .rungs {
      margin-block: 0.9em;
    }
  }

  @container picture (height < 230px) {
    .trouble {
      padding: 0 calc(var(--unit) * 3) calc(var(--unit) * 2);
      font-size: var(--small);
    }

    .trouble .title {
      font-size: var(--normal);
      line-height: 17px;
    }

    .trouble .soon {
      display: none;
    }

    .rungs {
      margin-block: 0.9em 0;
    }

    .ways {
      margin-block-start: calc(var(--unit) * 2);
    }
  }

  /* Whole lines, however many there is room for; that the last of them is faint says that more can be scrolled to. */
  @container picture (height < 200px) {
    .trouble {
      --line: 16px;
      --ways: max(var(--size), 2.4em);
      --around: calc(var(--unit) * 14);
    }

    .trouble .said > * {
      margin: 0;
      line-height: var(--line);
    }

    .trouble .said {
      flex: none;
      max-block-size: round(down, 100cqh - var(--ways) - var(--around), var(--line));
      scroll-snap-type: y proximity;
      animation: more-below linear;
      animation-timeline: scroll(self);
    }

    .trouble .said > * {
      scroll-snap-align: start;
    }

    /* The sentence says it. */
    .rungs,
    .trouble .seen {
      display: none;
    }
  }

  @container webrtc-preview (width < 280px) {
    .trouble {
      --ways: calc(var(--unit) * 7);
      --around: calc(var(--unit) * 13);
    }

    .trouble .title {
      font-size: var(--small);
    }

    .report span,
    .report::after,
    .trouble .code {
      display: none;
    }

    .report .icon {
      display: block;
    }

    .ways .report {
      padding-inline: var(--unit);
      inline-size: calc(var(--unit) * 9);
    }

    .ways {
      margin-block-start: var(--unit);
    }

    .ways button {
      min-block-size: calc(var(--unit) * 7);
    }
  }

  @container webrtc-preview (width < 200px) {
    .trouble .said,
    .ways .report {
      display: none;
    }

    .trouble {
      padding-block: 0 calc(var(--unit) * 2);
    }

    .ways {
      justify-content: center;
      margin: 0;
    }
  }

  @keyframes more-below {
    0%,
    90% {
      mask-image: linear-gradient(#000 calc(100% - 1.5em), rgb(0 0 0 / 0.65));
    }

    100% {
      mask-image: linear-gradient(#000 calc(100% - 1.5em), #000);
    }
  }

  /* On the way to a picture: as far as it has come, along the lower edge. Nothing makes room for it. */
  .ladder {
    position: absolute;
    inset: auto 0 0;
    display: flex;
    gap: 2px;
  }

  .ladder i {
    flex: 1;
    block-size: 3px;
    background: rgb(255 255 255 / 0.14);
    forced-color-adjust: none;
  }

  .ladder .done {
    background: rgb(255 255 255 / 0.6);
  }

  .ladder .active {
    background: var(--busy);
  }

  @media (forced-colors: active) {
    .ways button {
      border: 1px solid;
    }

    .rungs .waiting i {
      border: 1px solid CanvasText;
      background: none;
    }

    .base .trouble {
      border: 1px solid;
      background: Canvas;
    }
  }
`;
