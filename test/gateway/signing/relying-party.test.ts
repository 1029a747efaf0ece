import { describe, expect, it } from 'vitest';
import { relyingPartyOf } from '../../../gateway/signing/relying-party.ts';

describe('the relying party that passkeys are made for', () => {
  it('SIG-7: is the host name of the public address, with every origin of that host', () => {
    expect(relyingPartyOf(['http://127.0.0.1:8080', 'http://localhost:8080', 'http://[::1]:8080'])).toEqual({
      rpId: 'localhost',
      origins: ['http://localhost:8080'],
    });
    expect(
      relyingPartyOf(['https://scada.plant.example', 'https://scada.plant.example:8443', 'https://other.example']),
    ).toEqual({
      rpId: 'scada.plant.example',
      origins: ['https://scada.plant.example', 'https://scada.plant.example:8443'],
    });
  });

  it('SIG-7: there is none where the gateway has IP addresses or plain HTTP only, since browsers refuse passkeys there', () => {
    expect(relyingPartyOf(['http://scada.plant.example'])).toBeNull();
    expect(relyingPartyOf(['http://192.0.2.7:8080', 'http://[2001:db8::1]'])).toBeNull();
    expect(relyingPartyOf([])).toBeNull();
  });
});
