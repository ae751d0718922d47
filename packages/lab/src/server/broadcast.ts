/**
 * What happens, for many who listen. A listener that takes events slower than they come is not waited for, and no more than a few are kept for it: it
 * misses the rest, and the next that it is given is `{ type: "missed" }`, so that it asks anew for what it shows.
 */

/** Events that are kept for a slow listener. */
const KEPT = 32;

export interface Missed {
  readonly type: "missed";
}

interface Listener<Event> {
  readonly queue: Event[];
  missed: boolean;
  wake(): void;
}

export class Broadcast<Event extends { readonly type: string }> {
  private readonly listeners = new Set<Listener<Event>>();
  private readonly onFirst: () => void;
  private readonly onLast: () => void;

  /** Told when the first listener comes and when the last has gone: with nobody there, nobody need look. */
  constructor({ onFirst = () => {}, onLast = () => {} }: { onFirst?(): void; onLast?(): void } = {}) {
    this.onFirst = onFirst;
    this.onLast = onLast;
  }

  get count(): number {
    return this.listeners.size;
  }

  send(event: Event): void {
    for (const listener of this.listeners) {
      if (listener.queue.length < KEPT) listener.queue.push(event);
      else listener.missed = true;
      listener.wake();
    }
  }

  /** Events from now on, until the signal. */
  async *listen(signal: AbortSignal): AsyncGenerator<Event | Missed> {
    const listener: Listener<Event> = { queue: [], missed: false, wake: () => {} };
    const wake = () => listener.wake();
    signal.addEventListener("abort", wake);
    this.listeners.add(listener);
    if (this.listeners.size === 1) this.onFirst();
    try {
      while (!signal.aborted) {
        const event = listener.queue.shift();
        if (event !== undefined) yield event;
        else if (listener.missed) {
          listener.missed = false;
          yield { type: "missed" };
        } else {
          await new Promise<void>((resolve) => {
            listener.wake = resolve;
          });
        }
      }
    } finally {
      signal.removeEventListener("abort", wake);
      this.listeners.delete(listener);
      if (this.listeners.size === 0) this.onLast();
    }
  }
}
