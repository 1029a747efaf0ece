// The demo plant's tags as the API shows them, read from config/demo, for the scripted gateway of the browser tests.
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { AreaId } from '../../../gateway/contract/ids.ts';
import type { AreaView, TagView } from '../../../gateway/contract/tag.ts';
import { projectFile } from './project-file.ts';

type RawTag = Record<string, unknown> & { id: string; setpoint?: Record<string, unknown> };

export const startValues: Readonly<Record<string, number | string | boolean>> = {
  'BR101.TIC.SP': 37,
  'BR101.TIC.PV': 36.98,
  'BR101.TIC.OUT': 42.3,
  'BR101.TIC.MODE': 1,
  'BR101.PH.SP': 7.1,
  'BR101.PH.PV': 7.09,
  'BR101.DO.SP': 40,
  'BR101.DO.PV': 40.4,
  'BR101.SIC.SP': 120,
  'BR101.SIC.PV': 120,
  'BR101.PIC.PV': 0.351,
  'BR101.LIC.PV': 62.4,
  'BR101.PHASE': 2,
  'BR101.BATCH': 'B-2026-0417',
  'WFI.TIC.SP': 80,
  'WFI.TIC.PV': 80.04,
  'WFI.FIC.SP': 12,
  'WFI.FIC.PV': 11.98,
  'WFI.LIC.PV': 71.2,
  'WFI.COND.PV': 0.612,
  'WFI.PUMP.CMD': true,
  'WFI.PUMP.RUN': true,
  'WFI.LIC.LOW': false,
};

export function demoAreas(): AreaView[] {
  const { areas } = parse(readFileSync(projectFile('config/demo/areas.yaml'), 'utf8')) as {
    areas: { id: AreaId; name: string; parent?: AreaId; screen?: string }[];
  };
  return areas.map(({ id, name, parent, screen }) => ({ id, name, parent: parent ?? null, screen: screen ?? null }));
}

export function demoTags(nowMs: number): TagView[] {
  const { tags } = parse(readFileSync(projectFile('config/demo/tags.yaml'), 'utf8')) as { tags: RawTag[] };
  return tags.map((raw) => {
    const setpoint = raw.setpoint;
    const time = new Date(nowMs).toISOString();
    return {
      id: raw.id,
      area: raw.area,
      connection: raw.connection,
      description: raw.description,
      dataType: raw.dataType,
      unit: raw.unit,
      decimals: raw.decimals,
      states: raw.states ?? null,
      range: raw.range ?? null,
      setpoint:
        setpoint === undefined
          ? null
          : {
              min: setpoint.min ?? null,
              max: setpoint.max ?? null,
              maxStep: setpoint.maxStep ?? null,
              resolution: setpoint.resolution ?? null,
              tolerance: setpoint.tolerance,
              consequence: setpoint.consequence,
              signatures: setpoint.policy === 'machine' ? 2 : 1,
              follows: setpoint.follows ?? null,
              allowed: true,
              refusal: null,
            },
      latest: {
        value: startValues[raw.id] ?? null,
        quality: 'good',
        reason: 'none',
        sourceTime: time,
        vouchedAt: time,
      },
    } as TagView;
  });
}
