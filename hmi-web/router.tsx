// The pages and their addresses; each page's script is loaded when it is first opened. Used by pages/frame.tsx.
import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Navigate } from '@tanstack/react-router';
import { FrameLayout } from './pages/frame-layout.tsx';
import { NothingHere } from './pages/nothing-here.tsx';

const root = createRootRoute({ component: FrameLayout, notFoundComponent: NothingHere });
const start = createRoute({
  getParentRoute: () => root,
  path: '/',
  component: lazyRouteComponent(() => import('./pages/start.tsx'), 'StartPage'),
});
const area = createRoute({
  getParentRoute: () => root,
  path: '/areas/$area',
  component: lazyRouteComponent(() => import('./pages/process.tsx'), 'ProcessPage'),
});
const tags = createRoute({
  getParentRoute: () => root,
  path: '/tags',
  component: lazyRouteComponent(() => import('./pages/tags.tsx'), 'TagsPage'),
});
const commands = createRoute({
  getParentRoute: () => root,
  path: '/commands',
  component: lazyRouteComponent(() => import('./pages/commands.tsx'), 'CommandsPage'),
});
const command = createRoute({
  getParentRoute: () => root,
  path: '/commands/$id',
  component: lazyRouteComponent(() => import('./pages/command.tsx'), 'CommandPage'),
});
const audit = createRoute({
  getParentRoute: () => root,
  path: '/audit',
  // Where a link wants a certain view; what a person chooses there stays on the page.
  validateSearch: (search): { readonly kind?: string; readonly tag?: string } => ({
    ...(typeof search.kind === 'string' ? { kind: search.kind } : {}),
    ...(typeof search.tag === 'string' ? { tag: search.tag } : {}),
  }),
  component: lazyRouteComponent(() => import('./pages/audit.tsx'), 'AuditPage'),
});
const logKeeping = createRoute({
  getParentRoute: () => root,
  path: '/log',
  component: lazyRouteComponent(() => import('./pages/log-keeping.tsx'), 'LogKeepingPage'),
});
const review = createRoute({
  getParentRoute: () => root,
  path: '/review',
  component: lazyRouteComponent(() => import('./pages/review.tsx'), 'ReviewPage'),
});
const unattributed = createRoute({
  getParentRoute: () => root,
  path: '/unattributed',
  component: lazyRouteComponent(() => import('./pages/unattributed.tsx'), 'UnattributedPage'),
});
const administration = createRoute({
  getParentRoute: () => root,
  path: '/administration',
  component: lazyRouteComponent(() => import('./pages/administration.tsx'), 'AdministrationPage'),
});
const certification = createRoute({
  getParentRoute: () => root,
  path: '/certification',
  component: lazyRouteComponent(() => import('./pages/certification.tsx'), 'CertificationPage'),
});
const passkeys = createRoute({
  getParentRoute: () => root,
  path: '/passkeys',
  component: lazyRouteComponent(() => import('./pages/passkeys.tsx'), 'PasskeysPage'),
});
const password = createRoute({
  getParentRoute: () => root,
  path: '/password',
  component: lazyRouteComponent(() => import('./pages/password.tsx'), 'PasswordPage'),
});
const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  component: () => <Navigate to="/" replace />,
});

export const router = createRouter({
  routeTree: root.addChildren([
    start,
    area,
    tags,
    commands,
    command,
    audit,
    logKeeping,
    unattributed,
    review,
    administration,
    certification,
    passkeys,
    password,
    signIn,
  ]),
  defaultPreload: 'intent',
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
