package main

import (
	"fmt"
	"html/template"
	"strings"

	"rsc.io/qr"

	"github.com/gocognito/cognito"
)

// appSetUp is what a page shows for an authenticator app.
type appSetUp struct {
	Secret string
	URI    template.URL
	QR     template.HTML
}

func newAppSetUp(secret, account string) (*appSetUp, error) {
	uri := cognito.SoftwareToken{Secret: secret}.URI("Example", account)
	picture, err := drawQR(uri)
	if err != nil {
		return nil, err
	}
	return &appSetUp{Secret: secret, URI: template.URL(uri), QR: picture}, nil //nolint:gosec // made here, and escaped
}

// drawQR draws text as a QR code in SVG, so that the secret in it is in no picture of its own.
func drawQR(text string) (template.HTML, error) {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return "", err
	}
	const quiet = 4 // modules of white around the code
	var path strings.Builder
	for y := range code.Size {
		for x := range code.Size {
			if code.Black(x, y) {
				fmt.Fprintf(&path, "M%d %dh1v1h-1z", x+quiet, y+quiet)
			}
		}
	}
	size := code.Size + 2*quiet
	return template.HTML(fmt.Sprintf( //nolint:gosec // numbers only
		`<svg class="qr" role="img" aria-label="QR code" viewBox="0 0 %d %d" shape-rendering="crispEdges">`+
			`<path fill="#fff" d="M0 0h%dv%dH0z"/><path d="%s"/></svg>`, size, size, size, size, path.String())), nil
}
