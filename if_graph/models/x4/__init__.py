"""The networks of the Stable Diffusion x4 upscaler, the released Stage III: UNet, VAE and CLIP text tower."""
