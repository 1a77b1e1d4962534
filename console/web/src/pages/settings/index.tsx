import { Empty, Page } from '../../ui/basic';
import { Audit } from './audit';
import { Keys } from './keys';
import { Members } from './members';
import { Retention } from './retention';
import { Routes } from './routes';
import { Teams } from './teams';

const PARTS: Record<string, () => React.ReactNode> = {
  members: Members,
  teams: Teams,
  keys: Keys,
  routes: Routes,
  retention: Retention,
  audit: Audit,
};

export default function SettingsPages({ part }: { part: string }) {
  const Part = Object.hasOwn(PARTS, part) ? PARTS[part] : undefined;
  if (Part) return <Part key={part} />;
  return (
    <Page title="There is no such page">
      <Empty title="The address leads nowhere">The settings are at the left.</Empty>
    </Page>
  );
}
