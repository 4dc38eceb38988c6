// An address and a button that copies it, also where the page came over plain HTTP.
export default function ({ data, parentElement }) {
  const [field, button] = parentElement.querySelector(".link").children;
  field.value = data.link;
  field.setAttribute("aria-label", data.copy);
  field.onfocus = () => field.select();
  button.textContent = data.copy;
  button.onclick = async () => {
    field.select();
    if (navigator.clipboard) await navigator.clipboard.writeText(data.link);
    else document.execCommand("copy");
    button.textContent = data.copied;
  };
}
