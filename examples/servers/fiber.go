package servers

import (
	"errors"
	"net/http"

	"github.com/gofiber/fiber/v3"

	"github.com/gocognito/cognito"
)

// Fiber is an API with fiber, which is not built on net/http: the middleware hands over the
// headers.
func Fiber(verifier *cognito.Verifier) *fiber.App {
	app := fiber.New()
	app.Get("/health", func(fiber.Ctx) error { return nil })
	api := app.Group("/", fiberTokens(verifier))
	api.Get("/notes", func(c fiber.Ctx) error {
		claims, _ := cognito.ClaimsFromContext(c.Context())
		return c.SendString("hello " + claims.Username + "\n")
	})
	api.Delete("/notes", fiberGroup("admins"), func(fiber.Ctx) error { return nil })
	return app
}

// fiberTokens lets requests with a good token pass. Fiber's ErrorHandler answers the others.
func fiberTokens(verifier *cognito.Verifier) fiber.Handler {
	return func(c fiber.Ctx) error {
		header := http.Header{}
		for name, value := range c.Request().Header.All() {
			header.Add(string(name), string(value)) // fiber uses its memory again
		}
		r := (&http.Request{Method: c.Method(), Header: header}).WithContext(c.Context())
		ctx, err := verifier.CheckContext(r)
		var refused *cognito.TokenError
		switch {
		case errors.As(err, &refused):
			c.Set("WWW-Authenticate", "Bearer")
			return fiber.NewError(refused.StatusCode(), http.StatusText(refused.StatusCode()))
		case err != nil:
			return err
		}
		c.SetContext(ctx)
		return c.Next()
	}
}

// fiberGroup requires a group. Use it after fiberTokens.
func fiberGroup(name string) fiber.Handler {
	return func(c fiber.Ctx) error {
		if claims, ok := cognito.ClaimsFromContext(c.Context()); !ok || !claims.HasGroup(name) {
			return fiber.ErrForbidden
		}
		return c.Next()
	}
}
