// Mantine's theme: quiet, grey, one muted blue for what can be pressed (HMI-2). Its CSS variables stand in
// styles/base.css, because the gateway's content security policy allows no inline style sheets. Used by app.tsx.
import { createTheme } from '@mantine/core';

export const theme = createTheme({
  primaryColor: 'blue',
  fontFamily: '"Inter Variable", "Inter", system-ui, sans-serif',
  defaultRadius: 'sm',
  cursorType: 'pointer',
  focusRing: 'auto',
  respectReducedMotion: true,
  components: {
    Button: { defaultProps: { size: 'md' } },
    TextInput: { defaultProps: { size: 'md' } },
    PasswordInput: { defaultProps: { size: 'md' } },
    Textarea: { defaultProps: { size: 'md' } },
    NativeSelect: { defaultProps: { size: 'md' } },
    NumberInput: { defaultProps: { size: 'md' } },
    // Scroll locking injects a style sheet at run time; the pages behind a dialog do not scroll as a whole anyway.
    Modal: { defaultProps: { lockScroll: false, centered: true, transitionProps: { duration: 0 } } },
  },
});
