// The page on which a linked service's credential is set: what is typed is sealed here and never sent.
import { bytesOf, seal, thumbprint } from '/assets/seal.js';

const form = document.querySelector('form[data-certificate]');
const note = document.querySelector('#note');
const say = (text, wrong) => {
  note.textContent = text;
  note.className = wrong ? 'error' : '';
};

if (form && !globalThis.crypto?.subtle) {
  say('This page has to be opened over HTTPS: only then can the browser encrypt.', true);
} else if (form) {
  const certificate = bytesOf(form.dataset.certificate);
  document.querySelector('#fingerprint').textContent = await thumbprint(certificate);
  form.querySelectorAll('button').forEach(button => { button.disabled = false; });
  form.addEventListener('submit', async event => {
    event.preventDefault();
    const secret = form.querySelector('#secret');
    const action = event.submitter?.value ?? '';
    form.querySelector('[name=action]').value = action;
    try {
      const name = form.querySelector('#property').value.trim();
      if (action === 'test' && !secret.value) {
        form.submit();
        return;
      }
      if (!name || !secret.value) throw new Error('Name the property and type its secret.');
      const sealed = await seal(certificate, {
        type: form.dataset.type,
        bind: JSON.parse(form.dataset.bind),
        secret: { [name]: secret.value },
      });
      secret.value = '';
      form.querySelector('[name=sealed]').value = sealed;
      form.querySelector('[name=property]').value = name;
      form.submit();
    } catch (error) {
      say(error.message, true);
    }
  });
}
