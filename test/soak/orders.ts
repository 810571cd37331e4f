import { playOrders } from '../simulation/orders/play-orders.ts';
import type { SoakPart } from './part.ts';

/** Every order of up to four events, doubled and swapped, with and without GitHub credentials: a matter of minutes. */
export const soakOrders: SoakPart = {
  name: 'orders',
  weight: 0.1,
  async run() {
    let played = 0;
    const wrong: string[] = [];
    for (const github of [false, true]) {
      for (const between of [false, true]) {
        const result = await playOrders({ github, between, longest: 4, oneIn: 1 });
        played += result.played;
        wrong.push(...result.wrong);
      }
    }
    for (const one of wrong.slice(0, 10)) console.log(one);
    return { ok: wrong.length === 0, line: `${played} orders, all there are, ${wrong.length} wrong` };
  },
};
