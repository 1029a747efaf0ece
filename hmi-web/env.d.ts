// Style sheets and fonts are imported for their effect; Vite turns them into files of their own.
declare module '*.css';
declare module '@fontsource-variable/inter';
