import { submitWrite } from "temporal-batcher/workflow";

export async function order(id) {
  const receipt = await submitWrite({ requestId: id, data: { order: id } });
  return receipt.status;
}
