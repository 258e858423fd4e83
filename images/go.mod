module github.com/kubectl-kbe/kubectl-kbe/images

go 1.26
