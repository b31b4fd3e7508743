// What moves, and when it has come to rest.

import type { Locator } from "@playwright/test";

/** Waits until what this element holds has had the same place and the same height for so many pictures. */
export const atRest = (element: Locator, pictures = 12) =>
  element.evaluate(
    (element, pictures) =>
      new Promise<void>((done) => {
        let before = "";
        let same = 0;
        const look = () => {
          const now = `${element.scrollTop} ${element.scrollHeight}`;
          same = now === before ? same + 1 : 0;
          before = now;
          if (same < pictures) requestAnimationFrame(look);
          else done();
        };
        look();
      }),
    pictures,
  );
