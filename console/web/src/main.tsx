import { createRoot } from 'react-dom/client';
import { App } from './app';
import './styles/tokens.css';
import './styles/base.css';
import './styles/layout.css';
import './styles/table.css';
import './styles/parts.css';
import './styles/forms.css';

createRoot(document.getElementById('root')!).render(<App />);
