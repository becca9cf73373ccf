package servers

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v5"

	"github.com/gocognito/cognito"
)

// Echo is an API with echo. The middleware puts the claims into the context of the request.
func Echo(verifier *cognito.Verifier) http.Handler {
	e := echo.New()
	e.GET("/health", func(*echo.Context) error { return nil })
	api := e.Group("", echoTokens(verifier))
	api.GET("/notes", func(c *echo.Context) error {
		claims, _ := cognito.ClaimsFromContext(c.Request().Context())
		return c.String(http.StatusOK, "hello "+claims.Username+"\n")
	})
	api.DELETE("/notes", func(*echo.Context) error { return nil }, echoGroup("admins"))
	return e
}

// echoTokens lets requests with a good token pass. Echo answers the others, in JSON unless told
// otherwise.
func echoTokens(verifier *cognito.Verifier) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c *echo.Context) error {
			ctx, err := verifier.CheckContext(c.Request())
			var refused *cognito.TokenError
			switch {
			case errors.As(err, &refused):
				c.Response().Header().Set("WWW-Authenticate", "Bearer")
				return echo.NewHTTPError(refused.StatusCode(), http.StatusText(refused.StatusCode()))
			case err != nil:
				return err
			}
			c.SetRequest(c.Request().WithContext(ctx))
			return next(c)
		}
	}
}

// echoGroup requires a group. Use it after echoTokens.
func echoGroup(name string) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c *echo.Context) error {
			if claims, ok := cognito.ClaimsFromContext(c.Request().Context()); !ok || !claims.HasGroup(name) {
				return echo.ErrForbidden
			}
			return next(c)
		}
	}
}
