import { defaultGenerator, Generator, manualSeed, rand } from '@nadir/tensor';
import { describe, expect, it } from 'vitest';
import { compile } from '../../src/index.ts';

describe('random numbers in a compiled step', () => {
  // The first of this file: nothing has used the default generator before.
  it('go on where the step is the first to draw any', () => {
    const step = compile(() => rand([3]));
    const drawn = Array.from({ length: 3 }, () => step().toArray());
    manualSeed(0);
    expect(drawn).toEqual(Array.from({ length: 3 }, () => rand([3]).toArray()));
    const state = defaultGenerator().state.toArray();
    step();
    expect(defaultGenerator().state.toArray()).not.toEqual(state);
  });

  it('are those of eager with a generator from outside, one made inside, and a seed set inside', () => {
    const run = (isCompiled: boolean): unknown => {
      const generator = new Generator(3);
      const body = () => {
        const inside = new Generator(7);
        const draws = [
          rand([2], { generator }),
          rand([2], { generator: inside }),
          rand([2], { generator: inside }),
        ];
        manualSeed(5);
        return [...draws, rand([2])];
      };
      const step = isCompiled ? compile(body) : body;
      const drawn = Array.from({ length: 4 }, () => step().map((x) => x.toArray()));
      return [drawn, generator.state.toArray(), rand([2]).toArray()];
    };
    expect(run(true)).toEqual(run(false));
  });
});
