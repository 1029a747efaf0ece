// Which passwords are taken (IDN-2, § 11.300): long enough, hard enough to guess, not the person's own name.
// Called where a password is set. The dictionaries are loaded at the first use only.
import type { UserId } from '../contract/ids.ts';
import { type Refusal, refuse } from '../contract/problem.ts';

/** The estimator's work grows with length: what lies beyond this many characters is not looked at. */
const maxEstimated = 128;
/** zxcvbn scale 0 to 4: 3 is "safely unguessable" against an offline attack on a slow hash. */
const leastScore = 3;

/** Letters and digits that must be left when the person's own words are taken out: the estimator is lenient with those. */
const leastOfItsOwn = 8;

type Estimate = (password: string, ownWords: string[]) => number;
let estimator: Promise<Estimate> | null = null;

export async function refuseWeakPassword(
  password: string,
  person: { readonly id: UserId; readonly printedName: string },
  shortest: number,
): Promise<Refusal | null> {
  const plain = password.normalize('NFKC');
  if ([...plain].length < shortest) return weak(`it must have at least ${shortest} characters`);
  if (plain.length > 1024) return weak('it must have at most 1024 characters');
  if (person.id.length >= 3 && plain.toLowerCase().includes(person.id))
    return weak('it must not contain the user name');
  const ownWords = [person.id, ...person.printedName.toLowerCase().split(/\s+/), 'countersign'];
  if (withoutWords(plain.toLowerCase(), ownWords).length < leastOfItsOwn)
    return weak('it must not be made of the person’s own name');
  estimator ??= loadEstimator();
  const estimate = await estimator;
  if (estimate(plain.slice(0, maxEstimated), ownWords) < leastScore)
    return weak('it is too easy to guess; several unrelated words make a good one');
  return null;
}

function withoutWords(text: string, words: readonly string[]): string {
  const left = words.filter((word) => word.length >= 3).reduce((rest, word) => rest.replaceAll(word, ''), text);
  return left.replaceAll(/[^\p{L}\p{N}]/gu, '');
}

async function loadEstimator(): Promise<Estimate> {
  const [core, common, english] = await Promise.all([
    import('@zxcvbn-ts/core'),
    import('@zxcvbn-ts/language-common'),
    import('@zxcvbn-ts/language-en'),
  ]);
  const factory = new core.ZxcvbnFactory({
    dictionary: { ...common.dictionary, ...english.dictionary },
    graphs: common.adjacencyGraphs,
    translations: english.translations,
  });
  return (password, ownWords) => factory.check(password, ownWords).score;
}

function weak(why: string): Refusal {
  return refuse('password-too-weak', `This password is not taken: ${why}.`, { field: 'password' });
}
