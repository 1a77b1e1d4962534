// Forms and dialogs: the browser's own <dialog> keeps the focus inside and closes on Escape.
import { useEffect, useId, useRef, useState, type FormEvent, type ReactNode } from 'react';
import type { Problem } from '../api/client';

export function Dialog(props: { title: string; onClose: () => void; children: ReactNode }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const node = dialog.current;
    if (node && !node.open) node.showModal();
    return () => node?.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        props.onClose();
      }}
    >
      <h2 id={id}>{props.title}</h2>
      {props.children}
    </dialog>
  );
}

/** A dialog that does one thing. `done` closes it; a problem stays in it. */
export function FormDialog(props: {
  title: string;
  submit: string;
  danger?: boolean;
  busy: boolean;
  problem: Problem | null;
  onClose: () => void;
  onSubmit: (values: FormData) => void;
  children?: ReactNode;
}) {
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    props.onSubmit(new FormData(event.currentTarget));
  };
  return (
    <Dialog title={props.title} onClose={props.onClose}>
      <form onSubmit={submit}>
        {props.children}
        {props.problem && (
          <p className="form-problem" role="alert">
            {props.problem.title}
            {props.problem.detail && `: ${props.problem.detail}`}
          </p>
        )}
        <div className="form-actions">
          <button type="button" onClick={props.onClose}>
            Cancel
          </button>
          <button type="submit" className={props.danger ? 'danger' : 'primary'} disabled={props.busy}>
            {props.submit}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

export function Field(props: {
  label: string;
  hint?: ReactNode;
  children: (id: string, describedBy?: string) => ReactNode;
}) {
  const id = useId();
  const hint = props.hint ? `${id}-hint` : undefined;
  return (
    <div className="field">
      <label htmlFor={id}>{props.label}</label>
      {props.children(id, hint)}
      {props.hint && (
        <p className="hint" id={hint}>
          {props.hint}
        </p>
      )}
    </div>
  );
}

export function Select(props: {
  label: string;
  name?: string;
  value?: string;
  defaultValue?: string;
  options: [value: string, label: string][];
  onChange?: (value: string) => void;
  hint?: ReactNode;
}) {
  return (
    <Field label={props.label} hint={props.hint}>
      {(id, hint) => (
        <select
          id={id}
          name={props.name}
          value={props.value}
          defaultValue={props.defaultValue}
          aria-describedby={hint}
          onChange={(event) => props.onChange?.(event.target.value)}
        >
          {props.options.map(([value, label]) => (
            <option value={value} key={value}>
              {label}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

/** A text that is searched for while one types, after a short rest. */
export function Search(props: { label: string; value: string; onChange: (value: string) => void }) {
  const [text, setText] = useState(props.value);
  const { value, onChange } = props;
  const latest = useRef(onChange);
  latest.current = onChange;
  useEffect(() => setText(value), [value]);
  useEffect(() => {
    if (text === value) return;
    const timer = window.setTimeout(() => latest.current(text.trim()), 250);
    return () => window.clearTimeout(timer);
  }, [text, value]);
  return (
    <Field label={props.label}>
      {(id) => (
        <input
          id={id}
          type="search"
          value={text}
          onChange={(event) => setText(event.target.value)}
          maxLength={200}
        />
      )}
    </Field>
  );
}

/** What is shown once: with a button that copies it. */
export function Secret(props: { label: string; value: string }) {
  const [copied, setCopied] = useState<'no' | 'yes' | 'failed'>('no');
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(props.value);
      setCopied('yes');
    } catch {
      setCopied('failed');
    }
  };
  return (
    <div className="secret">
      <Field label={props.label}>
        {(id) => (
          <input
            id={id}
            readOnly
            value={props.value}
            onFocus={(event) => event.target.select()}
            className="mono"
          />
        )}
      </Field>
      <button type="button" onClick={() => void copy()}>
        Copy
      </button>
      <span role="status" className="note">
        {copied === 'yes' ? 'Copied.' : copied === 'failed' ? 'Select the text and copy it.' : ''}
      </span>
    </div>
  );
}
