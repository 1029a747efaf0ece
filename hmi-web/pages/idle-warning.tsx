// The warning of a session that is about to end because nobody touches the terminal (IDN-5). Shown by idle-watch.tsx; loaded
// when it is first needed.
import { Button, Modal } from '@mantine/core';
import { countdownText } from '../model/times.ts';

export function IdleWarning({ leftMs, onStay }: { readonly leftMs: number; readonly onStay: () => void }) {
  return (
    <Modal opened onClose={onStay} title="Are you still there?" withCloseButton={false} zIndex={400}>
      <p role="alert">
        This session ends in {countdownText(leftMs)} because nobody has touched the terminal. What is not signed by then
        is lost.
      </p>
      <Button onClick={onStay} data-autofocus fullWidth>
        Stay signed in
      </Button>
    </Modal>
  );
}
