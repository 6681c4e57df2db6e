import { useId, useLayoutEffect, useRef } from 'react';

interface ConfirmDialogProps {
  readonly title: string;
  readonly text: string;
  readonly yes: string;
  readonly no: string;
  /** Nothing is lost by a yes. */
  readonly harmless?: boolean;
  readonly onYes: () => void;
  readonly onClose: () => void;
}

/** A question before something that touches more than one item. The safe answer has the focus. */
export function ConfirmDialog({ title, text, yes, no, harmless = false, onYes, onClose }: ConfirmDialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useLayoutEffect(() => {
    const element = dialog.current;
    element?.showModal();
    // Closing gives the focus back to where it was.
    return () => {
      element?.close();
    };
  }, []);
  return (
    <dialog ref={dialog} className="confirm" aria-labelledby={id} onCancel={onClose}>
      <h2 id={id}>{title}</h2>
      <p>{text}</p>
      <div className="confirm-buttons">
        <button type="button" className="button" onClick={onClose}>
          {no}
        </button>
        <button
          type="button"
          className={harmless ? 'button button-main' : 'button button-danger'}
          onClick={() => {
            onClose();
            onYes();
          }}
        >
          {yes}
        </button>
      </div>
    </dialog>
  );
}
