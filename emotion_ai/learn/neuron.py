"""One neuron: a weighted sum, a bias and an activation; what it learns, and why gradients vanish.

Inputs are float (N, 2), weights float (2,), answers float (N,).
"""

import numpy as np


def sigmoid(z):
    """1 / (1 + e^-z), without overflow at either end."""
    return 0.5 * (1 + np.tanh(np.asarray(z, float) / 2))


def sigmoid_derivative(z):
    """At most 1/4, at z = 0."""
    answer = sigmoid(z)
    return answer * (1 - answer)


def relu(z):
    return np.maximum(np.asarray(z, float), 0)


def relu_derivative(z):
    """0 below zero, 1 above; 0 at the corner itself."""
    return (np.asarray(z, float) > 0).astype(float)


#: name → (function, derivative)
ACTIVATIONS = {"sigmoid": (sigmoid, sigmoid_derivative), "ReLU": (relu, relu_derivative)}


def answer(inputs, weights, bias: float, steepness: float = 1.0, activation: str = "sigmoid"):
    """What the neuron says: activation(steepness · (inputs · weights + bias))."""
    return ACTIVATIONS[activation][0](steepness * (np.asarray(inputs) @ np.asarray(weights) + bias))


def border(weights, bias: float, reach: float) -> np.ndarray | None:
    """The line where the weighted sum is 0: its two ends, float (2, 2), ``reach`` away from the
    point nearest to the origin. None when both weights are 0: then there is no line."""
    weights = np.asarray(weights, float)
    square = weights @ weights
    if square == 0:
        return None
    nearest = -bias * weights / square
    along = np.array([-weights[1], weights[0]]) / np.sqrt(square)
    return nearest + np.array([[-reach], [reach]]) * along


def gradient(inputs, targets, weights, bias: float, steepness: float = 1.0) -> np.ndarray:
    """Of the cross entropy by both weights and the bias, float (3,):
    the mean of (answer - target) · steepness · (x1, x2, 1)."""
    error = (answer(inputs, weights, bias, steepness) - targets) * steepness
    return np.append(error @ inputs, error.sum()) / len(inputs)


def learn(inputs, targets, weights, bias: float, steepness=1.0, rate=1.0, steps=30) -> np.ndarray:
    """Gradient descent from the given numbers: float (steps + 1, 3), weights and bias."""
    path = np.empty((steps + 1, 3))
    path[0] = (*weights, bias)
    for i in range(steps):
        slope = gradient(inputs, targets, path[i, :2], path[i, 2], steepness)
        path[i + 1] = path[i] - rate * slope
    return path


def gradient_through(activation: str, z: float, weight: float, layers: int = 20) -> np.ndarray:
    """What is left of a gradient of 1 after 0, 1, … ``layers`` layers: float (layers + 1,).

    Every layer multiplies it by weight · activation'(z).
    """
    factor = weight * float(ACTIVATIONS[activation][1](z))
    return factor ** np.arange(layers + 1)
