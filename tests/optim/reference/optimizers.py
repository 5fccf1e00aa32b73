# Prints the losses that optimizer_test.cpp expects. Needs PyTorch.
import torch

torch.set_default_dtype(torch.float64)


def losses(make):
    net = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh(), torch.nn.Linear(3, 2))
    sign, value = 1.0, 0.0
    with torch.no_grad():
        for p in net.parameters():
            flat = p.view(-1)
            for i in range(flat.numel()):
                value = 0.1 if value > 0.55 else value + 0.1
                flat[i] = sign * value
                sign = -sign
    x = torch.tensor([0.25 * (i - 4) for i in range(8)]).view(4, 2)
    target = torch.tensor([0.1 * i * i - 1 for i in range(8)]).view(4, 2)
    optimizer = make(net.parameters())
    result = []
    for _ in range(6):
        loss = torch.nn.functional.mse_loss(net(x), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        result.append(f"{loss.item():.15g}")
    return ", ".join(result)


o = torch.optim
print("SGD", losses(lambda p: o.SGD(p, lr=0.1)), sep="|")
print("SGD_DECAY", losses(lambda p: o.SGD(p, lr=0.1, weight_decay=0.05)), sep="|")
print("MOMENTUM", losses(lambda p: o.SGD(p, lr=0.05, momentum=0.8, weight_decay=0.01)), sep="|")
print("ADAM", losses(lambda p: o.Adam(p, lr=0.02)), sep="|")
print("ADAM_DECAY", losses(lambda p: o.Adam(p, lr=0.02, betas=(0.8, 0.95), weight_decay=0.1)), sep="|")
