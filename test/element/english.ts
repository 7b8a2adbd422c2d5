import { controlWords } from '../../src/element/view/parts/on-picture.words.js';
import { statisticsWords } from '../../src/element/view/parts/statistics.words.js';
import { troubleWords } from '../../src/element/view/parts/trouble.words.js';
import { english as first, type Words } from '../../src/element/view/words.js';

/** All of it: in the element the words of a part come with that part. */
export const english: Words = { ...first, ...controlWords, ...statisticsWords, ...troubleWords };
