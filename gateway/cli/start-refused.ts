// A start or a sub-command that cannot go on, told to the person at the keyboard in one clear line, without a stack.

export class StartRefused extends Error {
  constructor(line: string) {
    super(line);
    this.name = 'StartRefused';
  }
}
