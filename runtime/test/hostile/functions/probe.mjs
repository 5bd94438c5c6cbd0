// What the hostile functions share: they try things, and tell which they could do.

export class Tries {
  could = [];
  why = {};

  /** An action that throws, rejects or gives false did not succeed. */
  async try(what, action) {
    try {
      const value = await action();
      if (value === false) throw new Error("no error, but not done");
      this.could.push(what);
      return value;
    } catch (error) {
      this.why[what] = String(error).slice(0, 200);
      return undefined;
    }
  }

  result(more = {}) {
    return { could: this.could, why: this.why, ...more };
  }
}
