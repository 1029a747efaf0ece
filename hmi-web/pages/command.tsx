// One command: what was asked, what it is to be judged by while it waits, its fate, the curve around its write, and its whole
// life with every signature (SIG-8). Printable. Loaded when opened; what can be done is in command-actions.tsx.
import { Button } from '@mantine/core';
import { IconPrinter } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { useState } from 'react';
import type { CommandView, StatementPurposeBody } from '../../gateway/contract/command.ts';
import type { TagView } from '../../gateway/contract/tag.ts';
import { CommandFacts } from '../components/command-facts.tsx';
import { FateHead } from '../components/command-fate.tsx';
import { CommandJudgement } from '../components/command-judgement.tsx';
import { CommandTimeline } from '../components/command-timeline.tsx';
import { LoadingPage } from '../components/loading-page.tsx';
import { PrintHead } from '../components/print-head.tsx';
import { RefusalNotice } from '../components/refusal-notice.tsx';
import { WriteCurve } from '../components/write-curve.tsx';
import { useGateway, useNow, useReading, useSession } from '../gateway-context.ts';
import { isClosed } from '../model/command-fate.ts';
import type { Explanation } from '../model/refusal-words.ts';
import type { Setpoint } from '../model/setpoint-input.ts';
import { textOf } from '../model/values.ts';
import { commandQuery, noteCommand, tagsQuery } from '../queries.ts';
import { CommandActions } from './command-actions.tsx';
import { useCommandReports } from './command-reports.ts';
import { CommandSigning } from './command-signing-panel.tsx';
import '../styles/dialog.css';
import '../styles/pages.css';
import '../styles/command.css';

export function CommandPage() {
  const { id } = useParams({ from: '/commands/$id' });
  const gateway = useGateway();
  const client = useQueryClient();
  const { plant, user, terminal } = useSession();
  const query = useQuery({ ...commandQuery(gateway, id), refetchOnMount: 'always' });
  const tags = useQuery(tagsQuery(gateway));
  const nowMs = useNow();
  const [purpose, setPurpose] = useState<StatementPurposeBody | null>(null);
  const [refusal, setRefusal] = useState<Explanation | null>(null);
  const command = query.data;
  useCommandReports(command === undefined || isClosed(command.state) ? null : id, (report) =>
    noteCommand(client, report),
  );
  if (command === undefined) return <LoadingPage error={query.error} />;

  const tag = tags.data?.find((entry) => entry.id === command.tagId);
  const text = (value: CommandView['value']) => textOf(tag === undefined ? [] : [tag])(command, value);
  const waits = command.missingSignatures > 0 && !isClosed(command.state);
  const judgement =
    waits && tag !== undefined && hasSetpoint(tag) ? (
      <Judged command={command} tag={tag} nowMs={nowMs} valueText={text} />
    ) : null;
  return (
    <section className="cs-page cs-command">
      <PrintHead
        title={`Command ${command.id}`}
        plant={plant}
        nowMs={nowMs}
        person={user.printedName}
        terminal={terminal.name}
      />
      <div className="cs-page-head">
        <h1>
          {command.description} <code className="cs-muted">{command.tagId}</code>
        </h1>
        {purpose === null && <CommandActions command={command} onSign={setPurpose} onRefused={setRefusal} />}
        <Button
          variant="default"
          className="cs-no-print"
          aria-label="Print"
          onClick={() => window.print()}
          leftSection={<IconPrinter size={18} aria-hidden="true" />}
        >
          Print
        </Button>
      </div>
      {refusal !== null && <RefusalNotice explanation={refusal} />}
      <FateHead command={command} />
      <div className="cs-columns">
        <div className="cs-stack">
          <CommandFacts command={command} timeZone={plant.timeZone} valueText={text} />
          {purpose !== null && judgement}
        </div>
        {purpose === null ? (
          (judgement ?? <WriteCurve command={command} valueText={text} />)
        ) : (
          <CommandSigning
            key={JSON.stringify(purpose)}
            command={command}
            purpose={purpose}
            valueText={text}
            onDone={() => setPurpose(null)}
          />
        )}
      </div>
      <h2>What happened</h2>
      <CommandTimeline command={command} timeZone={plant.timeZone} valueText={text} />
    </section>
  );
}

function Judged(props: Omit<Parameters<typeof CommandJudgement>[0], 'reading'>) {
  return <CommandJudgement {...props} reading={useReading(props.tag)} />;
}

function hasSetpoint(tag: TagView): tag is TagView & { setpoint: Setpoint } {
  return tag.setpoint !== null;
}
