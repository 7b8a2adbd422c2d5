import { css } from 'lit';

/** The reason why there is no picture: a sentence first. In small pictures it takes the place of the picture. */
export const troublePanelStyles = css`
  .trouble {
    position: absolute;
    inset: 0;
    display: flex;
    flex-direction: column;
    inline-size: min(384px, 100% - var(--unit) * 6);
    block-size: fit-content;
    max-block-size: calc(100% - var(--unit) * 24);
    margin: auto;
    padding: calc(var(--unit) * 4);
    border-radius: var(--control-radius);
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
    font-size: var(--large);
    font-weight: var(--bold);
    line-height: 20px;
    text-wrap: balance;
  }

  .trouble .next {
    margin-block-start: var(--unit);
    color: #c9cfd8;
    text-wrap: pretty;
  }

  .rungs {
    display: grid;
    grid-template-columns: repeat(7, minmax(max-content, 1fr));
    flex: none;
    gap: var(--unit);
    margin-block: calc(var(--unit) * 4);
    font-size: 11px;
    line-height: 16px;
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
    margin-block-end: calc(var(--unit) * 1.5);
    border-radius: 2px;
    background: rgb(255 255 255 / 0.18);
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
    gap: calc(var(--unit) * 2);
  }

  .ways button {
    min-block-size: var(--size);
    padding-inline: calc(var(--unit) * 4);
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
    min-inline-size: 11ch;
    color: #fff;
    background: rgb(255 255 255 / 0.14);
  }

  .report:hover {
    background: rgb(255 255 255 / 0.22);
  }

  /* Centred in what the pill leaves. */
  @container picture (height < 420px) {
    .trouble {
      inset-block: calc(var(--unit) * 10) calc(var(--unit) * 2);
      max-block-size: calc(100% - var(--unit) * 12);
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
      margin-block: calc(var(--unit) * 3);
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

    /* The sentence says it. */
    .rungs {
      display: none;
    }

    .ways {
      margin-block-start: calc(var(--unit) * 2);
    }
  }

  @container webrtc-preview (width < 280px) {
    .trouble .title {
      font-size: var(--small);
      line-height: 16px;
    }

    .report {
      display: none;
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
    .report {
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
`;
