# Prints the numbers of derivatives.hpp. Needs PyTorch.
import torch
from torch.func import grad, hessian, jacrev, jvp

torch.set_default_dtype(torch.float64)

x = torch.tensor([0.5, -1.0, 2.0])
w = torch.tensor([[0.2, -0.4, 0.1], [0.7, 0.3, -0.6], [-0.5, 0.9, 0.8]])
v = torch.tensor([1.0, -0.5, 0.25])


def layer(x, w):
    return torch.tanh(w @ x) * torch.softmax(x, 0)


def loss(x, w):
    return torch.logsumexp(w @ torch.sin(x) * x, 0) + (x**2).mean() * w[0, 1]


def price(spot, strike, rate, volatility, time):
    deviation = volatility * torch.sqrt(time)
    d1 = (torch.log(spot / strike) + (rate + volatility**2 / 2) * time) / deviation
    normal = lambda z: 0.5 * torch.erfc(-z / 2**0.5)
    return spot * normal(d1) - strike * torch.exp(-rate * time) * normal(d1 - deviation)


def show(name, *values):
    numbers = ", ".join(f"{float(n):.16g}" for value in values for n in value.reshape(-1))
    print(f"inline constexpr double {name}[] = {{{numbers}}};")


show("layer_by_x", jacrev(layer)(x, w))
show("layer_by_w", jacrev(layer, argnums=1)(x, w))
show("loss_value", loss(x, w))
second = hessian(loss, argnums=(0, 1))(x, w)
show("loss_by_x_x", second[0][0])
show("loss_by_x_w", second[0][1])
show("loss_by_w_w", second[1][1])
show("loss_hvp", jvp(grad(loss), (x, w), (v, torch.zeros(3, 3)))[1])
show("loss_along", jvp(loss, (x, w), (v, w))[1])

option = [torch.tensor(n) for n in (100.0, 110.0, 0.05, 0.2, 1.5)]
arguments = (0, 1, 2, 3, 4)
show("option_price", price(*option))
show("option_gradient", *grad(price, argnums=arguments)(*option))
show("option_hessian", *[n for row in hessian(price, argnums=arguments)(*option) for n in row])
