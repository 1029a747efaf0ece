// The numbers of the requirements, as test titles claim them. Kept here as counts a family, because the list itself lives with the design.
// Read by manners.test.ts only. A new requirement takes the next number of its family.

const highest: { readonly [family: string]: number } = {
  SIG: 10,
  TRM: 6,
  IDN: 10,
  CMD: 13,
  AUD: 10,
  DRV: 8,
  LIV: 3,
  HIS: 5,
  ALM: 2,
  PUB: 2,
  HMI: 4,
  SIM: 2,
  OPS: 8,
  VAL: 1,
};

export function isRequirement(number: string): boolean {
  const [family = '', count = ''] = number.split('-');
  return /^[1-9][0-9]?$/.test(count) && Number(count) <= (highest[family] ?? 0);
}

/** `SIG-3` and `IDN-4` of `SIG-3, IDN-4: asks for …`: what stands before the first colon, in a requirement's form. */
export function claimedRequirements(title: string): readonly string[] {
  const claim = /^([A-Z]{3}-[0-9]+(?:(?:, ?| and |\/| )[A-Z]{3}-[0-9]+)*):/.exec(title)?.[1];
  return claim?.match(/[A-Z]{3}-[0-9]+/g) ?? [];
}
